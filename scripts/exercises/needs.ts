/** Which cells use what other cells declare: read from their text, without running them. */
import ts from "typescript";

/**
 * The cells that some cells need: themselves, and of those before them each that declares a name which they use, and so on.
 *
 * Rather one too many than one too few: a name counts as used wherever it stands, but as a property.
 *
 * @param sources the cells' texts, in order
 * @param wanted their indices
 * @returns indices, in order
 */
export function needsOf(sources: readonly string[], wanted: readonly number[]): number[] {
  const cells = sources.map(namesOf);
  const needed = new Set<number>();
  const need = (at: number): void => {
    if (needed.has(at)) return;
    needed.add(at);
    cells.slice(0, at).forEach(({ declares }, before) => {
      if ([...(cells[at]?.uses ?? [])].some((name) => declares.has(name))) need(before);
    });
  };
  for (const at of wanted) need(at);
  return [...needed].sort((a, b) => a - b);
}

/** The names that a cell declares for the cells after it. */
export const declaredIn = (source: string): ReadonlySet<string> => namesOf(source).declares;

function namesOf(source: string): { declares: Set<string>; uses: Set<string> } {
  const file = ts.createSourceFile("cell.ts", source, ts.ScriptTarget.Latest, true);
  const uses = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && !isPropertyName(node)) uses.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return { declares: new Set(file.statements.flatMap(declaredBy)), uses };
}

function isPropertyName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  const isNamed =
    ts.isPropertyAssignment(parent) ||
    ts.isPropertySignature(parent) ||
    ts.isMethodDeclaration(parent) ||
    ts.isMethodSignature(parent) ||
    ts.isPropertyDeclaration(parent);
  return isNamed && parent.name === node;
}

function declaredBy(statement: ts.Statement): string[] {
  if (ts.isImportDeclaration(statement)) {
    const { name, namedBindings } = statement.importClause ?? {};
    const named = namedBindings && ts.isNamedImports(namedBindings) ? namedBindings.elements : [];
    const whole = namedBindings && ts.isNamespaceImport(namedBindings) ? [namedBindings.name.text] : [];
    return [...(name ? [name.text] : []), ...whole, ...named.map((each) => each.name.text)];
  }
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.flatMap(({ name }) => boundBy(name));
  const isNamed =
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isEnumDeclaration(statement) ||
    ts.isModuleDeclaration(statement);
  return isNamed && statement.name ? [statement.name.text] : [];
}

function boundBy(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : boundBy(element.name)));
}
