
check_signature head.checkpoint key.pem
echo "ok  head.checkpoint is signed by key.pem"

for proof in entries/*.tlog-proof; do
  [ -f "$proof" ] || fail "entries/ holds no proof"
  leaf="${proof%.tlog-proof}.leaf"
  sed '1,/^$/d' "$proof" > "$work/head"
  cmp -s "$work/head" head.checkpoint || fail "$proof: its checkpoint is another one"
  if [ -f "$leaf" ]; then
    hash=$(leaf_hash "$leaf")
  else
    hash=$(upper < "${proof%.tlog-proof}.hash")
  fi
  check_proof "$proof" "$hash" "$leaf"
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
