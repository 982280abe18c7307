#!/bin/sh
# Checks this bundle with coreutils, sed, gzip, a POSIX shell and OpenSSL 3; prints what holds, stops at what does not.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "DOES NOT HOLD: $1" >&2; exit 1; }
upper() { cut -c1-64 | tr a-f A-F; }
octets() { printf '%s' "$1" | basenc --base16 -d; }
node() { { printf '\001'; octets "$1"; octets "$2"; } | sha256sum | upper; }
leaf_hash() { { printf '\000'; cat "$1"; } | sha256sum | upper; }

# HEAD KEY: the key has signed the head.
check_signature() {
  head -n 3 "$1" > "$work/text"
  tail -n 1 "$1" | cut -d' ' -f3 | base64 -d | tail -c 64 > "$work/signature"
  openssl pkeyutl -verify -pubin -inkey "$2" -rawin -in "$work/text" -sigfile "$work/signature" > "$work/said" \
    || fail "$1: the signature"
}

# PROOF HASH NAME: the leaf of that hash is in the log (RFC 9162, 2.1.3.2) of the head behind the proof, which is
# in $work/head; sets index and size.
check_proof() {
  index=$(sed -n 's/^index //p' "$1" | head -n 1)
  size=$(sed -n 2p "$work/head")
  root=$(sed -n 3p "$work/head" | base64 -d | basenc --base16 -w0)
  hash=$2; fn=$index; sn=$((size - 1))
  for line in $(sed -n '3,/^$/p' "$1"); do
    sibling=$(printf '%s' "$line" | base64 -d | basenc --base16 -w0)
    [ "$sn" -gt 0 ] || fail "$1: too long"
    if [ $((fn % 2)) -eq 1 ] || [ "$fn" -eq "$sn" ]; then
      hash=$(node "$sibling" "$hash")
      while [ $((fn % 2)) -eq 0 ] && [ "$fn" -ne 0 ]; do fn=$((fn / 2)); sn=$((sn / 2)); done
    else
      hash=$(node "$hash" "$sibling")
    fi
    fn=$((fn / 2)); sn=$((sn / 2))
  done
  if [ "$sn" -ne 0 ] || [ "$hash" != "$root" ]; then fail "$3 is not entry $index of that log"; fi
}

sha256sum --quiet -c manifest-sha256.txt || fail "a file of the bundle"
echo "ok  every file is the one that the bundle names"
