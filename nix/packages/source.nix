# The part of the repository that the programs are built from, so that a change of a test or a page of documentation
# rebuilds nothing.
let
  root = ../..;
  length = builtins.stringLength (toString root) + 1;
  parts = path: builtins.filter builtins.isString (builtins.split "/" (builtins.substring length (-1) path));
  wanted =
    path:
    let
      steps = parts path;
      depth = builtins.length steps;
      third = builtins.elemAt steps 2;
    in
    builtins.elem (builtins.head steps) [
      "libs"
      "services"
    ]
    && (depth < 3 || third == "src" || third == "pyproject.toml")
    && !(builtins.elem "__pycache__" steps || builtins.elem "static" steps);
in
builtins.path {
  name = "hyperhive-source";
  path = root;
  filter = path: _: wanted path;
}
