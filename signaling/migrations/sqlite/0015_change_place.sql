-- Which places a change of a timetable concerns, so that a school reads the history of its own lessons.
CREATE TABLE timetable_change_place (
    change_id TEXT NOT NULL REFERENCES timetable_change (id) ON DELETE CASCADE,
    org_id    TEXT NOT NULL REFERENCES org (id) ON DELETE CASCADE,
    PRIMARY KEY (change_id, org_id)
) STRICT;
CREATE INDEX timetable_change_place_by_org ON timetable_change_place (org_id);

-- Changes made before: of single lessons as they were and are, of publications by the lessons that are there.
INSERT INTO timetable_change_place (change_id, org_id)
SELECT DISTINCT change.id, org.id
FROM timetable_change AS change, json_tree(change.steps) AS part
JOIN org ON org.id = part.value
WHERE part.key = 'org_id';

INSERT INTO timetable_change_place (change_id, org_id)
SELECT DISTINCT change.id, place.org_id
FROM timetable_change AS change, json_tree(change.steps, '$.published') AS part
JOIN (
    SELECT id, org_id FROM timetable_lesson
    UNION SELECT timetable_lesson_id, org_id FROM timetable_class
) AS place ON place.id = part.value
WHERE part.type = 'text';
