-- title: Summary: rules in force
-- asks: Legal (Article 53(1)(d), 3.1): under which policies and lists was decided?
-- column policy_version: as the policy says
-- column policy_digest: of its files
-- column profile: what silence means
-- column lists_digest: of all blocklists
-- column suffix_list_digest: of the Public Suffix List, which makes the registrable domains
-- column urls: URLs decided
-- column first_decision: the first one
-- column last_decision: the last one
SELECT policy_version, policy_digest, profile, lists_digest, suffix_list_digest, count(*) AS urls,
    min(decided_at) AS first_decision, max(decided_at) AS last_decision
FROM manifest WHERE erased_at IS NULL AND coalesce(origin, 'own_crawl') IN ('own_crawl', 'on_behalf')
GROUP BY policy_version, policy_digest, profile, lists_digest, suffix_list_digest
ORDER BY first_decision, policy_digest, lists_digest, suffix_list_digest
