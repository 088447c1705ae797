// node check_json.mjs SCHEMA INSTANCE...
// Checks JSON files against one JSON Schema (2020-12) with ajv; a second engine beside Python's jsonschema.
// Prints a JSON line {file, valid, errors} for each. Exit: 0 all valid, 1 some invalid, 2 the schema cannot be used.
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const read = (file) => JSON.parse(readFileSync(file, "utf8"));
const print = (file, errors) => console.log(JSON.stringify({ file, valid: errors.length === 0, errors }));

const [schemaFile, ...instances] = process.argv.slice(2);
if (!instances.length) {
  console.error("usage: node check_json.mjs SCHEMA INSTANCE...");
  process.exit(2);
}

// Strict: an unknown or misspelt keyword is an error of the schema. Two exceptions: `required` may name what another
// branch declares, and a type may be a list (an amount is a string or null).
const ajv = new Ajv2020({
  allErrors: true,
  strict: true,
  strictRequired: false,
  allowUnionTypes: true,
  // A reference to another schema is looked up by its $id among the neighbours, never fetched.
  loadSchema: async (id) => {
    const folder = dirname(schemaFile);
    for (const name of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
      const schema = read(join(folder, name));
      if (schema.$id === id) return schema;
    }
    throw new Error(`no schema with $id ${id} beside ${schemaFile}`);
  },
});
addFormats(ajv);
ajv.addVocabulary(["fatk"]); // our block of annotations

let validate;
try {
  validate = await ajv.compileAsync(read(schemaFile));
} catch (error) {
  print(schemaFile, [{ path: "", message: error.message }]);
  process.exit(2);
}

for (const file of instances) {
  let errors;
  try {
    errors = validate(read(file)) ? [] : validate.errors;
  } catch (error) {
    errors = [{ instancePath: "", message: error.message }]; // not JSON
  }
  if (errors.length) process.exitCode = 1;
  print(file, errors.map(({ instancePath, keyword, message }) => ({ path: instancePath, keyword, message })));
}
