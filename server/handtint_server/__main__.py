"""`python -m handtint_server` is `handtint`."""

import sys

from handtint_server.cli import main

if __name__ == "__main__":
    sys.exit(main())
