-- title: Listed
-- asks: Legal (Measure 1.2): which blocklist entries were met?
-- column list: id in the catalog
-- column entry: the entry as the list spells it
-- column urls: URLs refused for it
-- column fetched: of these, how many were asked for all the same: 0
-- column list_digest: of the list's bytes
SELECT blocklist_id AS list, blocklist_entry AS entry, count(*) AS urls, count(fetch_time) AS fetched,
    blocklist_digest AS list_digest
FROM manifest WHERE blocklist_id IS NOT NULL GROUP BY ALL ORDER BY urls DESC, list, entry
