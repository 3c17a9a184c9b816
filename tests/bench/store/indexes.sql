-- Four indexes: the key, and what figures and lists look for.
ALTER TABLE dossiers ADD PRIMARY KEY (code);
CREATE INDEX by_intake ON dossiers (accepted);
CREATE INDEX by_end ON dossiers (ended);
CREATE INDEX by_unit ON dossiers (unit, procedure);
