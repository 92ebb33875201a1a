-- expire_request: Closes a request whose day is over; no row if it is not open any more.
UPDATE duty_roster_dutyswaprequest
SET status = 'expired', updated_at = clock_timestamp()
WHERE id = %(request_id)s AND status = 'open' AND original_date < %(club_date)s
RETURNING id;

-- decline_offer: Declines an offer for an expired request; no row if it was answered or withdrawn.
UPDATE duty_roster_dutyswapoffer AS offer
SET status = 'auto_declined', responded_at = clock_timestamp()
FROM duty_roster_dutyswaprequest AS request
WHERE offer.id = %(offer_id)s AND offer.status = 'pending'
  AND request.id = offer.swap_request_id AND request.status = 'expired'
RETURNING offer.id;
