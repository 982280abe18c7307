#!/bin/sh
# Checks this bundle with coreutils, a POSIX shell, gzip and OpenSSL 3; prints what holds, stops at what does not.
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

for head in checkpoints/*.checkpoint; do
  head -n 3 "$head" > "$work/text"
  tail -n 1 "$head" | cut -d' ' -f3 | base64 -d | tail -c 64 > "$work/signature"
  label=$(tail -n 1 "$head" | cut -d' ' -f2)
  key="keys/$label.pem"
  [ -f "$key" ] || fail "$head: no key $label in keys/"
  openssl pkeyutl -verify -pubin -inkey "$key" -rawin -in "$work/text" -sigfile "$work/signature" > "$work/said" \
    || fail "$head: the signature"
  echo "ok  $head is signed by the key $label"
done

for leaf in rows/*.leaf site-files/*.leaf; do
  [ -f "$leaf" ] || continue
  proof="${leaf%.leaf}.tlog-proof"
  sed '1,/^$/d' "$proof" > "$work/head"
  cmp -s "$work/head" "$(ls checkpoints/*.checkpoint | while read -r one; do cmp -s "$one" "$work/head" && echo "$one"; done | head -n 1)" \
    || fail "$proof: its checkpoint is none of those above"
  index=$(sed -n 's/^index //p' "$proof" | head -n 1)
  size=$(sed -n 2p "$work/head")
  root=$(sed -n 3p "$work/head" | base64 -d | basenc --base16 -w0)
  hash=$({ printf '\000'; cat "$leaf"; } | sha256sum | upper)
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
  if [ "$sn" -ne 0 ] || [ "$hash" != "$root" ]; then fail "$leaf is not leaf $index of that log"; fi
  echo "ok  $leaf is leaf $index of $size of the signed log"
done

for slice in warc/*.warc.gz; do
  [ -f "$slice" ] || continue
  gzip -dc "$slice" > "$work/record" || fail "$slice is no whole record"
  sed '/^\r$/q' "$work/record" > "$work/fields"
  length=$(tr -d '\r' < "$work/fields" | sed -n 's/^Content-Length: //p')
  digest=$(tr -d '\r' < "$work/fields" | sed -n 's/^WARC-Block-Digest: sha256://p')
  start=$(wc -c < "$work/fields")
  found=$(tail -c +$((start + 1)) "$work/record" | head -c "$length" | sha256sum | cut -c1-64)
  [ "$found" = "$digest" ] || fail "$slice: the block is not the one of its digest"
  echo "ok  $slice holds what its digest says"
done

for leaf in rows/*.leaf; do
  file=$(sed -n 's/.*"warc_filename":"warc\/\([^"]*\)\.warc\.gz".*/\1/p' "$leaf")
  [ -n "$file" ] || continue
  offset=$(sed -n 's/.*"warc_record_offset":\([0-9]*\).*/\1/p' "$leaf")
  id=$(sed -n 's/.*"record_id":"\([^"]*\)".*/\1/p' "$leaf")
  gzip -dc "warc/$file-$offset.warc.gz" | sed '/^\r$/q' | tr -d '\r' > "$work/fields"
  grep -q -x -F "WARC-Record-ID: <$id>" "$work/fields" || fail "$leaf: its record is another one"
  echo "ok  $leaf is about the record warc/$file-$offset.warc.gz"
done

for reply in timestamps/*.tsr; do
  [ -f "$reply" ] || continue
  name=$(basename "$reply" .tsr); stamped=${name%%.*}; authority=${name#*.}
  openssl ts -verify -data "checkpoints/$stamped.checkpoint" -in "$reply" -CAfile "timestamps/$authority.roots.pem" \
    > "$work/said" 2>&1 || fail "$reply"
  echo "ok  checkpoints/$stamped.checkpoint existed when $authority stamped it"
done
echo "all holds"
