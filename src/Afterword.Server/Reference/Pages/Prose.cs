using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;

namespace Afterword.Server.Reference.Pages;

/// <summary>A text of the reference with its <c>`code`</c> and <c>[links](/api#anchor)</c>. Everything else is plain and encoded.</summary>
public sealed partial class Prose : ComponentBase
{
    [Parameter, EditorRequired]
    public required string Text { get; set; }

    [GeneratedRegex(@"`(?<code>[^`]+)`|\[(?<link>[^\]]+)\]\((?<to>[^)]+)\)", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Mark { get; }

    protected override void BuildRenderTree(RenderTreeBuilder builder)
    {
        var done = 0;
        foreach (Match mark in Mark.Matches(Text))
        {
            builder.AddContent(0, Text[done..mark.Index]);
            Write(builder, mark);
            done = mark.Index + mark.Length;
        }

        builder.AddContent(0, Text[done..]);
    }

    private static void Write(RenderTreeBuilder builder, Match mark)
    {
        var isCode = mark.Groups["code"].Success;
        builder.OpenElement(1, isCode ? "code" : "a");
        if (!isCode) builder.AddAttribute(2, "href", mark.Groups["to"].Value);
        builder.AddContent(3, mark.Groups[isCode ? "code" : "link"].Value);
        builder.CloseElement();
    }
}
