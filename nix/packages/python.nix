# hyperhive's programs: the wheels that were tested (wheels.json, written by ./run lock) and the workspace, in one
# virtual environment. See docs/decisions/0009-nixos-installs-the-locked-wheels.md.
{
  lib,
  stdenv,
  fetchPypi,
  autoPatchelfHook,
  runtimeShell,
  runCommand,
  zlib,
  python313,
  page,
}:
let
  locked = builtins.fromJSON (builtins.readFile ./wheels.json);
  system = stdenv.hostPlatform.system;
  wheels = locked.wheels.${system} or (throw "hyperhive: nix/packages/wheels.json has no wheels for ${system}");

  # A file's name says what fetchPypi wants to know of it.
  fetch =
    { file, sha256 }:
    let
      wheel = builtins.match "([^-]+)-([^-]+)-([^-]+)-([^-]+)-([^-]+)[.]whl" file;
      source = builtins.match "(.+)-([^-]+)[.]tar[.]gz" file;
      part = builtins.elemAt wheel;
    in
    fetchPypi (
      if wheel != null then
        {
          inherit sha256;
          pname = part 0;
          version = part 1;
          format = "wheel";
          dist = part 2;
          python = part 2;
          abi = part 3;
          platform = part 4;
        }
      else
        {
          inherit sha256;
          pname = builtins.elemAt source 0;
          version = builtins.elemAt source 1;
        }
    );

  # pip reads a file's kind and platform from its name, which a store path has only in a folder.
  files = runCommand "hyperhive-wheels" { } (
    "mkdir $out\n"
    + lib.concatMapStrings (wheel: "ln -s ${fetch wheel} $out/${wheel.file}\n") wheels
  );
in
stdenv.mkDerivation {
  pname = "hyperhive";
  version = import ./version.nix;

  src = import ./source.nix;
  nativeBuildInputs = [ autoPatchelfHook ];
  buildInputs = [
    stdenv.cc.cc.lib
    zlib
  ];

  dontConfigure = true;
  dontBuild = true;
  dontStrip = true;
  installPhase = ''
    runHook preInstall
    export HOME=$TMPDIR
    python=${
      python313.withPackages (packages: [
        packages.pip
        packages.hatchling
        packages.setuptools
      ])
    }/bin/python \
    target=${python313}/bin/python3 shell=${runtimeShell} files=${files} source=$PWD page=${page} \
      ${runtimeShell} ${./install.sh}
    runHook postInstall
  '';

  doInstallCheck = true;
  installCheckPhase = ''
    for module in hive_broker hive_approvals hive_lifecycle hive_dashboard hive_harness hive_cli; do
      $out/bin/python -c "import $module"
    done
  '';

  meta = {
    description = "One operator, one host, a swarm of long-lived Claude Code agents";
    license = lib.licenses.asl20;
    mainProgram = "hive";
    platforms = builtins.attrNames locked.wheels;
  };
}
