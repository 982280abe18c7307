-- title: Share of hosts that state something, by protocol and month
-- asks: Legal (Measure 1.3): how do the protocols spread, over several crawls?
-- column month: of the decision, UTC
-- column protocol: id of the reader
-- column hosts: hosts on which it stated something
-- column all_hosts: hosts that were considered in that month
-- column share: of all hosts of the month
WITH seen AS (
    SELECT date_trunc('month', decided_at)::DATE AS month, count(DISTINCT url_host_name) AS all_hosts
    FROM manifest WHERE decided_at IS NOT NULL GROUP BY ALL
)
SELECT month, protocol, count(DISTINCT url_host_name) AS hosts, any_value(all_hosts) AS all_hosts,
    round(count(DISTINCT url_host_name) / any_value(all_hosts), 4) AS share
FROM (SELECT date_trunc('month', decided_at)::DATE AS month, protocol, url_host_name FROM statements)
JOIN seen USING (month) GROUP BY month, protocol ORDER BY month, hosts DESC, protocol
