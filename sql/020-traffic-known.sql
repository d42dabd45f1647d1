-- Grain: none.
-- Unit:  none.
-- Time:  event time, UTC.
--
-- Time whose traffic is in the aggregates, or still in the events themselves, as one value that is looked at for each
-- interval. As timescaledb_information.chunks has it, without the time it takes to plan that view.
create function traffic_known() returns tstzmultirange
language sql stable parallel safe
begin atomic
  select coalesce(range_agg(tstzrange(since, until)), '{}'::tstzmultirange)
  from (
    select '-infinity'::timestamptz as since, to_timestamp(value::bigint / 1000000) as until
    from meta where key = 'traffic_done_us'
    union all
    select _timescaledb_functions.to_timestamp(s.range_start), _timescaledb_functions.to_timestamp(s.range_end)
    from _timescaledb_catalog.dimension_slice s
    join _timescaledb_catalog.dimension d on d.id = s.dimension_id
    join _timescaledb_catalog.hypertable h on h.id = d.hypertable_id
    where h.schema_name = 'public' and h.table_name in ('event', 'activity')
  ) seen;
end;
