-- title: Extra requests by host
-- asks: Rights holders: how often was a host asked for files that state rights, beside its pages?
-- column host: the host
-- column pages: requests for pages
-- column site_files: requests for robots.txt and other files that may reserve rights, redirects included
SELECT coalesce(asked.host, paged.host) AS host, coalesce(pages, 0) AS pages, coalesce(requests, 0) AS site_files
FROM (SELECT host, sum(requests)::BIGINT AS requests FROM site_files GROUP BY host) AS asked
FULL JOIN (
    SELECT url_host_name AS host, count(fetch_time) AS pages FROM manifest WHERE url IS NOT NULL GROUP BY ALL
) AS paged ON asked.host = paged.host
ORDER BY site_files DESC, host
