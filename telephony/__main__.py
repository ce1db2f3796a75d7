"""`python -m telephony` is the `hotline` command."""

from telephony.cli import main

if __name__ == "__main__":
    main()
