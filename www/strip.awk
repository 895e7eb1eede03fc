# Comments, blank lines and indentation out of a module: a third of what a page would load. Nothing is renamed or joined, so
# what a browser's debugger shows is still the source. It holds because no line of www/ has code behind the end of a comment
# that began on an earlier line, nor a template whose leading blanks mean something, and types within a line are the only
# comments there.
{ sub(/^[ \t]+/, "") }
inside { if (/\*\/[ \t]*$/) inside = 0; next }
/^\/\*/ && !/\*\/[ \t]*[^ \t]/ { if (!/\*\/[ \t]*$/) inside = 1; next }
/^\/\// || /^$/ { next }
{ gsub(/\/\*\* @[^*]*\*\/ ?/, ""); if ($0 != "") print }
