// npm run radicale: puts Radicale, a calendar server, into this checkout. Only notebook 01's live cells need it.
import { inRoot } from "./setup/paths.mjs";
import { installPythonPackages } from "./setup/python-packages.mjs";
import { tell } from "./setup.mjs";

try {
  const made = await installPythonPackages("scripts/radicale/requirements.txt", inRoot("build", "radicale"));
  console.log(made ? "Radicale is installed, in build/radicale" : "Radicale was installed already, in build/radicale");
} catch (error) {
  tell(error);
}
