-- $1: grain, $2: start. Takes the mark away; no row: another one has.
delete from fact_dirty where grain = $1 and start = $2::timestamptz returning touched
