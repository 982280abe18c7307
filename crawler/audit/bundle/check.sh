
for head in checkpoints/*.checkpoint; do
  label=$(tail -n 1 "$head" | cut -d' ' -f2)
  key="keys/$label.pem"
  [ -f "$key" ] || fail "$head: no key $label in keys/"
  check_signature "$head" "$key"
  echo "ok  $head is signed by the key $label"
done

for leaf in rows/*.leaf site-files/*.leaf; do
  [ -f "$leaf" ] || continue
  proof="${leaf%.leaf}.tlog-proof"
  sed '1,/^$/d' "$proof" > "$work/head"
  cmp -s "$work/head" "$(ls checkpoints/*.checkpoint | while read -r one; do cmp -s "$one" "$work/head" && echo "$one"; done | head -n 1)" \
    || fail "$proof: its checkpoint is none of those above"
  check_proof "$proof" "$(leaf_hash "$leaf")" "$leaf"
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

stamped_at() { # reply
  date -u -d "$(openssl ts -reply -in "$1" -text 2>/dev/null | sed -n 's/^Time stamp: //p')" +%s 2>/dev/null || fail "$1 has no time"
}
for reply in timestamps/*.tsr; do
  [ -f "$reply" ] || continue
  name=$(basename "$reply" .tsr); stamped=${name%%.*}; authority=${name##*.}; first=${name#*.}; first=${first%%.*}
  at=$(stamped_at "$reply") || exit 1
  : > "$work/data"
  if [ "$name" != "$stamped.$first" ]; then # a renewal: over the replies before it, newest first, and the head
    turn=${name#"$stamped.$first."}; turn=${turn%%.*}; earlier=
    while [ "$turn" -gt 1 ]; do
      turn=$((turn - 1)); set -- timestamps/"$stamped.$first.$turn".*.tsr; earlier=${earlier:-$1}
      cat "$1" >> "$work/data" || fail "$reply: renewal $turn is missing"
    done
    one="timestamps/$stamped.$first.tsr"; earlier=${earlier:-$one}
    cat "$one" >> "$work/data" || fail "$reply: $one is missing"
    openssl ts -verify -queryfile "${earlier%r}q" -in "$earlier" -attime "$at" \
      -CAfile "timestamps/$(basename "$earlier" .tsr | sed 's/.*\.//').roots.pem" > "$work/said" 2>&1 \
      || fail "$reply renews $earlier too late"
  fi
  cat "checkpoints/$stamped.checkpoint" >> "$work/data"
  openssl ts -verify -data "$work/data" -in "$reply" -CAfile "timestamps/$authority.roots.pem" -attime "$at" \
    > "$work/said" 2>&1 || fail "$reply"
  echo "ok  checkpoints/$stamped.checkpoint existed when $authority stamped it ($(date -u -d "@$at" '+%F %T') UTC)"
done
echo "all holds"
