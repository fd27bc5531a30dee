"""Kills the server that a server.json names as soon as it is at work, as a crash would.

kill_busy_server.py SERVER_JSON      (standard library alone: editors run it with their Python)
"""

import http.client
import json
import os
import signal
import sys
import time
from pathlib import Path

PATIENCE = 240


def works(found, token):
    """Whether a request is being worked on."""
    connection = http.client.HTTPConnection(found["url"].split("//")[1], timeout=30)
    connection.request("GET", "/v1/info", headers={"Authorization": "Bearer " + token})
    queue = json.loads(connection.getresponse().read())["queue"]
    connection.close()
    return queue["running"] > 0


def main(path):
    """See the module's docstring; the exit status is 0 if it was killed at work."""
    found = json.loads(Path(path).read_text())
    token = Path(found["token_file"]).read_text().strip()
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if works(found, token):
            os.kill(found["pid"], signal.SIGKILL)
            return 0
        time.sleep(0.005)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
