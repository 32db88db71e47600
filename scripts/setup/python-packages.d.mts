export function installPythonPackages(requirements: string, folder: string): Promise<boolean>;
