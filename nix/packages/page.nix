# The operator's page. Its packages come from package-lock.json, each by its own hash.
{
  buildNpmPackage,
  importNpmLock,
  nodejs_24,
}:
let
  web = builtins.path {
    name = "hyperhive-web";
    path = ../../services/dashboard/web;
    filter = path: _: !(builtins.elem (baseNameOf path) [ "node_modules" "dist" ]);
  };
in
buildNpmPackage {
  pname = "hyperhive-page";
  version = import ./version.nix;

  src = web;
  nodejs = nodejs_24;
  npmDeps = importNpmLock { npmRoot = web; };
  npmConfigHook = importNpmLock.npmConfigHook;

  npmBuildFlags = [
    "--"
    "--outDir"
    "dist"
  ];
  installPhase = ''
    runHook preInstall
    cp -r dist $out
    runHook postInstall
  '';
}
