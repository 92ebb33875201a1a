-- requests: The open requests to swap a duty of a day that is over.
SELECT id, requester_id, role, dynamic_role_key, dynamic_role_label, original_date
FROM duty_roster_dutyswaprequest
WHERE status = 'open' AND original_date < %(club_date)s
ORDER BY original_date, id;

-- offers: The offers for them that nobody answered.
SELECT offer.id, offer.swap_request_id AS request_id, offer.offered_by_id AS member_id
FROM duty_roster_dutyswapoffer AS offer
JOIN duty_roster_dutyswaprequest AS request ON request.id = offer.swap_request_id
WHERE offer.status = 'pending'
  AND request.status = 'open' AND request.original_date < %(club_date)s
ORDER BY offer.id;
