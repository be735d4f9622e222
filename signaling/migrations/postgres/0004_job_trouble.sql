-- Why a job failed, as a code with what its sentence needs (JSON), so that pages say it in their language. `error` is
-- the English sentence.
ALTER TABLE job ADD COLUMN trouble TEXT;
