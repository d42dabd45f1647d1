-- The VLRs that served subscribers, with country and network, from when to when; oldest first. valid_to null: still.
-- $1: subscribers
select sub::text, vlr, network, country, valid_from, nullif(valid_to, 'infinity') as valid_to
from serving_vlr_interval
where sub = any ($1::bigint[])
order by sub, valid_from
