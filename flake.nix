{
  description = "hyperhive: one operator, one host, a swarm of long-lived Claude Code agents";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      forAll =
        make:
        builtins.listToAttrs (
          map (system: {
            name = system;
            value = make system;
          }) systems
        );
      packagesFor = system: import ./nix/packages { pkgs = nixpkgs.legacyPackages.${system}; };
      modules = import ./nix/modules { inherit self packagesFor; };
    in
    {
      packages = forAll packagesFor;
      nixosModules = modules;
      lib = import ./nix/lib { inherit nixpkgs packagesFor modules; };
      checks = forAll (system: import ./nix/checks { inherit self nixpkgs system; });
      formatter = forAll (system: nixpkgs.legacyPackages.${system}.nixfmt-tree);
    };
}
