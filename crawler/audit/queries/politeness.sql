-- title: Politeness kept
-- asks: Rights holders and auditors: how far apart were requests for pages of one domain, and was the promised delay kept?
-- column domain: registrable domain, or the address
-- column pages: requests for pages
-- column promised_s: seconds between two requests by the policy, over its connections
-- column shortest_s: shortest gap between the starts of two requests
-- column median_s: median gap
-- column too_close: gaps under the promise, less 50 ms for the clock of the network thread
SELECT domain, count(*) AS pages, any_value(promised_s) AS promised_s, round(min(gap_s), 3) AS shortest_s,
    round(median(gap_s), 3) AS median_s, count(*) FILTER (gap_s < promised_s - 0.05) AS too_close
FROM (
    SELECT coalesce(url_host_registered_domain, url_host_name) AS domain,
        any_value(policies.delay_s / policies.connections) OVER (PARTITION BY manifest.policy_digest) AS promised_s,
        epoch_us(fetch_time - lag(fetch_time) OVER (
            PARTITION BY crawl_id, coalesce(url_host_registered_domain, url_host_name) ORDER BY fetch_time
        )) / 1e6 AS gap_s
    FROM manifest LEFT JOIN (SELECT DISTINCT policy_digest, delay_s, connections FROM policies) AS policies
        USING (policy_digest)
    WHERE fetch_time IS NOT NULL
)
GROUP BY domain ORDER BY too_close DESC, pages DESC, domain
