#!/bin/sh
# Checks this bundle with coreutils, a POSIX shell and OpenSSL 3; prints what holds, stops at what does not.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "DOES NOT HOLD: $1" >&2; exit 1; }
upper() { cut -c1-64 | tr a-f A-F; }
octets() { printf '%s' "$1" | basenc --base16 -d; }
node() { { printf '\001'; octets "$1"; octets "$2"; } | sha256sum | upper; }

sha256sum --quiet -c manifest-sha256.txt || fail "a file of the bundle"
echo "ok  every file is the one that the bundle names"

head -n 3 head.checkpoint > "$work/text"
tail -n 1 head.checkpoint | cut -d' ' -f3 | base64 -d | tail -c 64 > "$work/signature"
openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in "$work/text" -sigfile "$work/signature" > "$work/said" \
  || fail "the signature of head.checkpoint"
echo "ok  head.checkpoint is signed by key.pem"

for proof in entries/*.tlog-proof; do
  [ -f "$proof" ] || fail "entries/ holds no proof"
  leaf="${proof%.tlog-proof}.leaf"
  sed '1,/^$/d' "$proof" > "$work/head"
  cmp -s "$work/head" head.checkpoint || fail "$proof: its checkpoint is another one"
  index=$(sed -n 's/^index //p' "$proof" | head -n 1)
  size=$(sed -n 2p "$work/head")
  root=$(sed -n 3p "$work/head" | base64 -d | basenc --base16 -w0)
  if [ -f "$leaf" ]; then
    hash=$({ printf '\000'; cat "$leaf"; } | sha256sum | upper)
  else
    hash=$(upper < "${proof%.tlog-proof}.hash")
  fi
  fn=$index; sn=$((size - 1))
  for line in $(sed -n '3,/^$/p' "$proof"); do
    sibling=$(printf '%s' "$line" | base64 -d | basenc --base16 -w0)
    [ "$sn" -gt 0 ] || fail "$proof: too long"
    if [ $((fn % 2)) -eq 1 ] || [ "$fn" -eq "$sn" ]; then
      hash=$(node "$sibling" "$hash")
      while [ $((fn % 2)) -eq 0 ] && [ "$fn" -ne 0 ]; do fn=$((fn / 2)); sn=$((sn / 2)); done
    else
      hash=$(node "$hash" "$sibling")
    fi
    fn=$((fn / 2)); sn=$((sn / 2))
  done
  if [ "$sn" -ne 0 ] || [ "$hash" != "$root" ]; then fail "$leaf is not entry $index of that log"; fi
  if [ -f "$leaf" ]; then
    echo "ok  $leaf is entry $index of $size of the signed log"
  else
    echo "ok  entry $index of $size is in the signed log by its hash; its text is not in this bundle"
  fi
done

for file in files/*; do
  [ -f "$file" ] || continue
  digest=$(sha256sum "$file" | cut -c1-64)
  grep -q -F "sha256:$digest" entries/*.leaf || fail "$file: no entry names it"
  echo "ok  $file is a file that an entry names"
done
echo "all holds"
