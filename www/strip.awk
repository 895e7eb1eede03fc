# Whole-line comments, blank lines and indentation out of a module: a third of what a page would load. Nothing is
# renamed or joined, so what a browser's debugger shows is still the source. It holds because no line of www/ has code
# behind the end of a comment that began on an earlier line, nor a template whose leading blanks mean something.
{ sub(/^[ \t]+/, "") }
inside { if (/\*\/[ \t]*$/) inside = 0; next }
/^\/\*/ { if (!/\*\/[ \t]*$/) inside = 1; next }
/^\/\// || /^$/ { next }
{ print }
