// node check_package.mjs DATAPACKAGE.JSON...
// Reads data packages with datapackage-js: descriptor, headers, every row, primary and foreign keys.
// Prints a JSON line {file, valid, rows, errors} for each. Exit: 0 all valid, 1 some invalid, 2 wrong usage.
import net from "node:net";
import { dirname } from "node:path";
import datapackage from "datapackage";

// The library fetches what looks like an address; a check must not.
net.Socket.prototype.connect = () => {
  throw new Error("the network is off in this check");
};

const files = process.argv.slice(2);
if (!files.length) {
  console.error("usage: node check_package.mjs DATAPACKAGE.JSON...");
  process.exit(2);
}

const causes = (error) => (error.errors?.length ? error.errors : [error]);
const equal = (a, b) => JSON.stringify(a) === JSON.stringify(b);

for (const file of files) {
  const errors = [];
  let rows = 0;
  const note = (resource, error) => {
    for (const { message, rowNumber: row, columnNumber: column } of causes(error))
      errors.push({ resource, row, column, message });
  };

  /** The rows of one resource; a row that cannot be cast is an Error in the list, and is noted. */
  const readAll = async (resource, relations) => {
    try {
      const all = await resource.read({ relations, forceCast: true });
      all.filter((row) => row instanceof Error).forEach((error) => note(resource.name, error));
      return all.length;
    } catch (error) {
      note(resource.name, error);
      return 0;
    }
  };

  try {
    const basePath = dirname(file);
    const whole = await datapackage.Package.load(file);
    whole.errors.forEach((error) => note(null, error));
    const { descriptor } = whole; // with the schemas that it points to laid in

    for (const resource of whole.resources) {
      if (!resource.tabular) {
        note(resource.name, new Error("not a table"));
        continue;
      }
      rows += await readAll(resource, false);
      // It compares headers as a set and reads rows by position; only the same order means the same data.
      const names = resource.schema.fieldNames;
      if (!equal(resource.headers, names)) note(resource.name, new Error(`header ${resource.headers} is not ${names}`));
    }
    // One foreign key at a time: the library replaces a field by the row it found, so that a second key on that field
    // would fail; and not where rows are broken already, which would be told again for every key.
    for (const { name, schema } of errors.length ? [] : descriptor.resources) {
      for (const key of [schema?.foreignKeys ?? []].flat()) {
        const only = structuredClone(descriptor);
        for (const resource of only.resources)
          if (resource.schema) resource.schema.foreignKeys = resource.name === name ? [key] : [];
        await readAll((await datapackage.Package.load(only, { basePath })).getResource(name), true);
      }
    }
  } catch (error) {
    note(null, error);
  }
  if (errors.length) process.exitCode = 1;
  console.log(JSON.stringify({ file, valid: errors.length === 0, rows, errors }));
}
