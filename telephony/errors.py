"""Errors that a person may see: each says what is wrong and what to do."""


class HotlineError(Exception):
    """Root of our own errors; its text is fit to be shown to an operator."""


class ConfigError(HotlineError):
    """The configuration cannot be used; the text names file, line and key."""


class NotAllowedError(HotlineError):
    """What was asked is not possible in the present state."""


class UnknownThingError(HotlineError):
    """Something was named that does not exist."""


class EncodingRefusedError(HotlineError):
    """A value has no safe form in AGI or AMI and was not sent."""


class SwitchUnavailableError(HotlineError):
    """Asterisk did not answer in time, or is not connected."""


class SwitchRefusedError(HotlineError):
    """Asterisk answered an action with an error."""


class AGIHangup(HotlineError):  # noqa: N818 - an event in a call's life, not a fault
    """The caller has gone: a hangup line, end of file, reset or a 511 answer."""


class BusyError(HotlineError):
    """Too many ask for the same work at once; `retry_after` says in how many seconds to ask again."""

    def __init__(self, text: str, retry_after: int) -> None:
        super().__init__(text)
        self.retry_after = retry_after
