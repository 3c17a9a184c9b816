-- What a register of dossiers is in a relational database: the message's fields as columns.
CREATE TABLE procedures (
    code text PRIMARY KEY,
    field text NOT NULL
);
CREATE TABLE dossiers (
    code text NOT NULL,
    procedure text NOT NULL,
    unit text NOT NULL,
    applicant text,
    channel smallint NOT NULL,
    submitted timestamp,
    accepted timestamp,
    due timestamp,
    ended timestamp,
    handed_over timestamp,
    refused timestamp,
    status smallint NOT NULL,
    recorded_provincial timestamp,
    result_digitised boolean NOT NULL,
    fee bigint NOT NULL,
    payment smallint NOT NULL
);
