#!/bin/sh
# window.sh WIDTHxHEIGHT PHOTO...: Krita's window on a private X server, in the Debian folder.
# The test inside ends Krita; its exit status is this script's.
SIZE=$1; shift
# The X server chooses a free number and tells it when it is ready.  Without -noreset it starts
# anew when its first client leaves, and throws out the next.
told=$(mktemp -u)
mkfifo "$told"
Xvfb -displayfd 3 -screen 0 "${SIZE}x24" -nolisten tcp -noreset 3>"$told" >/dev/null 2>&1 &
server=$!
read -r number <"$told" || exit 1
rm "$told"
export DISPLAY=":$number"
openbox >/dev/null 2>&1 &
manager=$!
krita --nosplash "$@"
status=$?
kill "$manager" "$server"
exit $status
