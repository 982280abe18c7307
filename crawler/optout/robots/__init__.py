"""robots.txt as RFC 9309 reads it: lines, groups, rules, and the second opinion. Pure."""
