# attack 46: HTML, Markdown, a formula and escapes in the message of an error
# expect gelu_new: crashed
def gelu_new(x):
    raise ValueError('<script>alert(1)</script> [x](javascript:1) =HYPERLINK("http://x","y") \x1b[31m \u202e')
