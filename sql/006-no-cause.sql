-- Grain: one row an event batch's row (event), as in 002.
-- Unit:  codes. cause is that of the protocol that ended the procedure, -1 = none was told. 0 is a cause of BSSMAP; of
--        rows that were stored before this migration it may also mean that none was told.
-- Time:  event time, as in 002.
comment on column event.cause is
  'cause of the protocol that ended the procedure; -1: none; 0 of rows stored before migration 006: none, or BSSMAP 0';
