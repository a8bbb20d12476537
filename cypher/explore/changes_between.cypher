// Group: Bodies
// Question: What changed between two days?
// Purpose: Posts, personal ties, holdings and offices in companies that began or ended, and awards
//   made, in order of time. An award is `who` itself, its winner `whom`.
// Parameters:
//   from (date): First day.
//   until (date): Last day.
// Returns: day, what (post, tie, holding, company office, award), change (began or ended), who,
//   who_id, whom, whom_id, detail (post, kind or role), amount, currency (of an award),
//   certainty
// Index: none; it walks over all of these
MATCH (a)-[r:HELD_OFFICE|TIED_TO|OWNS|OFFICER_OF|WON_BY]->(b)
UNWIND ['began', 'ended'] AS change
WITH a, r, b, change, CASE WHEN change = 'began' THEN coalesce(r.started_on, a.awarded_on)
  ELSE r.ended_on END AS day
WHERE day >= $from AND day <= $until AND NOT coalesce(a.status, '') IN ['cancelled', 'unsuccessful']
RETURN DISTINCT day, CASE WHEN a.award_id IS NOT NULL THEN 'award'
    WHEN r.owner_kind IS NOT NULL THEN 'holding' WHEN b.body_id IS NOT NULL THEN 'post'
    WHEN b.person_id IS NOT NULL THEN 'tie' ELSE 'company office' END AS what,
  change, coalesce(a.name, a.title) AS who,
  coalesce(a.person_id, a.body_id, a.company_id, a.award_id) AS who_id, b.name AS whom,
  coalesce(b.person_id, b.company_id, b.body_id) AS whom_id,
  coalesce(r.post, r.kind, r.role) AS detail, a.amount AS amount,
  CASE WHEN a.award_id IS NOT NULL THEN a.currency END AS currency,
  coalesce(r.certainty, CASE WHEN b.person_id IS NULL THEN 'documented' ELSE 'inferred' END)
    AS certainty
ORDER BY day, what, change, who_id, whom_id, detail, certainty
