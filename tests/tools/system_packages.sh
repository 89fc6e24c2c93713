#!/bin/sh
# Installs what the journeys need where that is possible: as root on Debian. Otherwise they are skipped by name.
set -eu
wanted=""
command -v chromium >/dev/null 2>&1 || wanted="$wanted chromium"
command -v redis-server >/dev/null 2>&1 || wanted="$wanted redis-server"
command -v soffice >/dev/null 2>&1 || wanted="$wanted libreoffice-calc-nogui"
[ -d /usr/share/fonts/opentype/noto ] || wanted="$wanted fonts-noto-cjk"
[ -n "$wanted" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "Not installed:$wanted. Tests that need them are skipped."
    exit 0
fi
echo "Installing$wanted ..."
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
if ! { apt-get -q update && apt-get -q install -y --no-install-recommends $wanted; } >"$log" 2>&1; then
    tail -n 5 "$log"
    echo "Could not install$wanted. Tests that need them are skipped."
fi
rm -f "$log"
