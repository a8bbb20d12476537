// Group: Cases
// Question: In what order did things happen in this case?
// Purpose: Posts, ties, holdings and offices between members of a case of the current run, as they
//   began and ended, and its awards, in order of time.
// Parameters:
//   case_id (text): The case.
// Returns: day, what (post, tie, holding, company office, award), change (began or ended), who,
//   who_id, whom, whom_id, detail (post, kind or role), amount, currency (of an award), certainty
// Index: Case.case_id
MATCH (r:Run {current: true})
MATCH (c:`Case` {case_id: $case_id, run_id: r.run_id})-[:INVOLVES]->(a)
MATCH (a)-[l:HELD_OFFICE|TIED_TO|OWNS|OFFICER_OF|WON_BY]->(b)
WHERE EXISTS { MATCH (c)-[:INVOLVES]->(b) }
UNWIND ['began', 'ended'] AS change
WITH a, l, b, change, CASE WHEN change = 'began' THEN coalesce(l.started_on, a.awarded_on)
  ELSE l.ended_on END AS day
WHERE day IS NOT NULL
RETURN DISTINCT day, CASE WHEN a.award_id IS NOT NULL THEN 'award'
    WHEN l.owner_kind IS NOT NULL THEN 'holding' WHEN b.body_id IS NOT NULL THEN 'post'
    WHEN b.person_id IS NOT NULL THEN 'tie' ELSE 'company office' END AS what,
  change, coalesce(a.name, a.title) AS who,
  coalesce(a.person_id, a.body_id, a.company_id, a.award_id) AS who_id, b.name AS whom,
  coalesce(b.person_id, b.company_id, b.body_id) AS whom_id,
  coalesce(l.post, l.kind, l.role) AS detail, a.amount AS amount,
  CASE WHEN a.award_id IS NOT NULL THEN a.currency END AS currency,
  coalesce(l.certainty, CASE WHEN b.person_id IS NULL THEN 'documented' ELSE 'inferred' END)
    AS certainty
ORDER BY day, what, change, who_id, whom_id, detail, certainty
