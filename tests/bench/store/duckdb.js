// The same question to DuckDB, with the rows in a table in memory: the median of many answers in
// milliseconds as a line of JSON, then the rows by tab.
//
//     node duckdb.js ROWS PROCEDURES QUESTION TIMES
const fs = require("fs");
const { DuckDBInstance } = require("@duckdb/node-api");

const read = (path, columns) =>
  `read_csv('${path}', delim = '\t', nullstr = '\\N', header = false, quote = '', ` +
  `columns = {${columns}})`;

const dossiers =
  "code: 'text', procedure: 'text', unit: 'text', applicant: 'text', channel: 'smallint', " +
  "submitted: 'timestamp', accepted: 'timestamp', due: 'timestamp', ended: 'timestamp', " +
  "handed_over: 'timestamp', refused: 'timestamp', status: 'smallint', " +
  "recorded_provincial: 'timestamp', result_digitised: 'boolean', fee: 'bigint', " +
  "payment: 'smallint'";

async function main([rows, procedures, question, times]) {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const sql = fs.readFileSync(question, "utf8");
  const taken = [];
  let answer;

  await connection.run(`CREATE TABLE dossiers AS SELECT * FROM ${read(rows, dossiers)}`);
  await connection.run(
    `CREATE TABLE procedures AS SELECT * FROM ${read(procedures, "code: 'text', field: 'text'")}`);
  for (let i = 0; i <= Number(times); i++) {
    const begun = process.hrtime.bigint();

    answer = await connection.runAndReadAll(sql);
    if (i > 0) taken.push(Number(process.hrtime.bigint() - begun) / 1e6); // the first warms up
  }
  taken.sort((a, b) => a - b);
  console.log(JSON.stringify({ name: "duckdb", ms: taken[Math.floor(taken.length / 2)] }));
  for (const row of answer.getRows()) console.log(row.join("\t"));
}

main(process.argv.slice(2));
