"""`python -m handtint_server` is `handtint`."""

from handtint_server.cli import main

if __name__ == "__main__":
    main()
