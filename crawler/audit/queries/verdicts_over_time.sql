-- title: Verdicts over time
-- asks: Everyone: when was what decided?
-- column hour: hour of the decision, UTC
-- column allow: URLs taken
-- column deny: URLs left
-- column defer: URLs put off
SELECT time_bucket(INTERVAL 1 HOUR, decided_at) AS hour, count(*) FILTER (verdict = 'allow') AS allow,
    count(*) FILTER (verdict = 'deny') AS deny, count(*) FILTER (verdict = 'defer') AS defer
FROM manifest WHERE decided_at IS NOT NULL GROUP BY ALL ORDER BY hour
