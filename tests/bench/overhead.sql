-- What a kill trial costs beside what it was told to do, from run.db: one line a trial, in
-- milliseconds. Parameters: @settle, @at, @hold (ns) of the definition.
--
--   overhead    wall - boot - settle - at - hold - boot after the kill
--   and its parts; e2fsck runs while the guest boots again and so costs no time of its own
--
-- The clock of the schedule starts when the load's first write is acknowledged.
WITH phase AS (
    SELECT trial, subject AS name,
           max(at_ns) FILTER (WHERE kind = 'phase.begin') AS began,
           max(at_ns) FILTER (WHERE kind = 'phase.end') AS ended
    FROM event WHERE kind IN ('phase.begin', 'phase.end') GROUP BY trial, subject),
span AS (
    SELECT trial,
           max(ended - began) FILTER (WHERE name = 'provision') AS provision,
           max(ended - began) FILTER (WHERE name = 'boot') AS boot,
           max(ended - began) FILTER (WHERE name = 'steady') AS steady,
           max(began) FILTER (WHERE name = 'load') AS load_began,
           max(ended) FILTER (WHERE name = 'load') AS load_ended,
           max(ended - began) FILTER (WHERE name = 'capture') AS capture,
           max(ended - began) FILTER (WHERE name = 'recover') AS recover,
           max(ended) FILTER (WHERE name = 'recover') AS recovered,
           max(ended) FILTER (WHERE name = 'judge') AS judged,
           max(ended - began) FILTER (WHERE name = 'tear_down') AS tear_down
    FROM phase GROUP BY trial),
fact AS (
    SELECT trial,
           max(json_extract(data, '$.planned.ns')) FILTER (WHERE kind = 'fault.injected') AS planned,
           max(json_extract(data, '$.agent_back.ns')) FILTER (WHERE kind = 'recovered') AS reboot
    FROM event WHERE kind IN ('fault.injected', 'recovered') GROUP BY trial)
SELECT (wall_ns - boot - @settle - @at - @hold - reboot) / 1e6 AS overhead,
       provision / 1e6,
       (steady - @settle) / 1e6 AS steady,
       (planned - @at - load_began) / 1e6 AS load_start,
       (load_ended - planned - @hold) / 1e6 AS load_end,
       capture / 1e6,
       (recover - reboot) / 1e6 AS resume,
       (judged - recovered) / 1e6 AS judge,
       tear_down / 1e6
FROM trial JOIN span ON span.trial = number JOIN fact ON fact.trial = number
WHERE verdict = 'pass';
