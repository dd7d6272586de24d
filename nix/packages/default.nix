# hyperhive's packages, given nixpkgs.
{ pkgs }:
rec {
  page = pkgs.callPackage ./page.nix { };
  hyperhive = pkgs.callPackage ./python.nix { inherit page; };
  default = hyperhive;
}
