using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Telelaunch.Cluster;

/// <summary>Hands on what a YAML parser reads as long as it stays small once its aliases are followed.</summary>
/// <remarks>
/// Everything that walks a document does so recursively and through its aliases. A few hundred bytes could otherwise stand for 2^50 nodes, for a node that
/// holds itself, or for a nesting that no stack holds.
/// </remarks>
internal sealed class BoundedYamlParser(IParser parser) : IParser
{
    private const int MostNodes = 100_000;
    private const int DeepestNesting = 100;

    private readonly Stack<Node> _open = new();
    private readonly Dictionary<AnchorName, Node> _anchors = [];

    public ParsingEvent? Current => parser.Current;

    /// <exception cref="YamlException">It isn't YAML, or it exceeds a bound.</exception>
    public bool MoveNext()
    {
        if (!parser.MoveNext())
            return false;
        switch (parser.Current)
        {
            case DocumentStart:
                _open.Clear();
                _anchors.Clear();
                break;
            case AnchorAlias alias:
                Close(Find(alias), alias);
                break;
            case NodeEvent node:
                _open.Push(new(node.Anchor));
                // While it is read already: whoever asks for the next event does so from within the last node.
                Check(_open.Count, _open.Peek(), node);
                // A mapping or a list stays open until its end.
                if (node.NestingIncrease == 0)
                    Close(_open.Pop(), node);
                break;
            case ParsingEvent end and (MappingEnd or SequenceEnd):
                Close(_open.Pop(), end);
                break;
        }

        return true;
    }

    private Node Find(AnchorAlias alias)
        => _anchors.TryGetValue(alias.Value, out Node? node) ? node : throw new YamlException(alias.Start, alias.End, "an alias of nothing before it");

    /// <summary>A node is whole: its parent holds it.</summary>
    private void Close(Node node, ParsingEvent at)
    {
        if (!node.Anchor.IsEmpty)
            _anchors[node.Anchor] = node;
        if (_open.TryPeek(out Node? parent))
        {
            parent.Size += node.Size;
            parent.Height = Math.Max(parent.Height, node.Height + 1);
        }

        Check(_open.Count + 1, node, at);
    }

    private void Check(int depth, Node node, ParsingEvent at)
    {
        if (node.Size > MostNodes || (_open.TryPeek(out Node? parent) && parent.Size > MostNodes))
            throw new YamlException(at.Start, at.End, $"more than {MostNodes} values");
        if (depth + node.Height > DeepestNesting)
            throw new YamlException(at.Start, at.End, $"nested more than {DeepestNesting} deep");
    }

    /// <summary>A value as it is once aliases are followed.</summary>
    private sealed class Node(AnchorName anchor)
    {
        public AnchorName Anchor => anchor;

        /// <summary>Values in it, itself included.</summary>
        public int Size { get; set; } = 1;

        /// <summary>Levels below it.</summary>
        public int Height { get; set; }
    }
}
