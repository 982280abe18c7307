-- title: Signed heads
-- asks: Auditors: which heads of the log were signed, over how many leaves, and by which key?
-- column origin: of the log; test.invalid for a crawl that may visit test hosts
-- column heads: number of signed heads
-- column leaves: covered by the newest one
-- column root: of the newest one
-- column signed_by: name and id of the key
-- column protection: of the key, as crawl.json tells it: unprotected, passphrase, external
SELECT origin, count(*) AS heads, max(size) AS leaves, arg_max(root, size) AS root, signed_by,
    any_value(protection) AS protection
FROM checkpoints GROUP BY origin, signed_by ORDER BY origin, leaves
