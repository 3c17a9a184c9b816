-- The figures of form II.06 and what else a dossier counts, by unit and field, for the days :first
-- to :last. Columns as in services/dossiers/schema.c, without what is counted of refusals.
SELECT d.unit, p.field,
    count(*) FILTER (WHERE d.accepted >= :first AND d.channel = 2) AS online,
    count(*) FILTER (WHERE d.accepted >= :first AND d.channel <> 2) AS direct,
    count(*) FILTER (WHERE d.accepted < :first) AS carried,
    count(*) FILTER (WHERE d.ended < :after AND d.status NOT IN (7, 8)
        AND CAST(d.ended AS date) < CAST(d.due AS date)) AS early,
    count(*) FILTER (WHERE d.ended < :after AND (d.status IN (7, 8) OR d.due IS NULL
        OR CAST(d.ended AS date) = CAST(d.due AS date))) AS on_time,
    count(*) FILTER (WHERE d.ended < :after AND d.status NOT IN (7, 8)
        AND CAST(d.ended AS date) > CAST(d.due AS date)) AS late,
    count(*) FILTER (WHERE d.ended IS NULL OR d.ended >= :after) AS open,
    count(*) FILTER (WHERE (d.ended IS NULL OR d.ended >= :after) AND d.due < :last) AS open_late,
    count(*) FILTER (WHERE d.accepted >= :first AND d.recorded_provincial IS NOT NULL)
        AS recorded_provincial,
    count(*) FILTER (WHERE d.ended < :after AND d.status IN (9, 10)) AS with_result,
    count(*) FILTER (WHERE d.ended < :after AND d.status IN (9, 10) AND d.result_digitised)
        AS digitised,
    count(*) FILTER (WHERE d.ended < :after AND d.status IN (9, 10) AND d.fee > 0) AS fee_bearing,
    count(*) FILTER (WHERE d.ended < :after AND d.status IN (9, 10) AND d.fee > 0
        AND d.payment IN (1, 2)) AS paid_online
FROM dossiers d JOIN procedures p ON p.code = d.procedure
WHERE d.accepted < :after AND (d.ended >= :first OR d.ended IS NULL) AND d.status NOT IN (1, 3)
GROUP BY d.unit, p.field
