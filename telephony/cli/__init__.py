"""The `hotline` command: a client of the running service's API, and the set-up steps around it."""


def main() -> None:
    """Run the command and exit: 0 done, 1 not possible, 2 wrong argument or configuration, 3 not running."""
    # Imported here, so that who only runs the service does not wait for the client's libraries.
    from telephony.cli.app import app  # noqa: PLC0415

    app(prog_name="hotline")
