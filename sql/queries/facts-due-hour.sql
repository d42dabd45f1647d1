-- $1: hours that start before it are due. The oldest of those that are marked.
select start from fact_dirty where grain = 'hour' and start < $1::timestamptz order by start limit 1
