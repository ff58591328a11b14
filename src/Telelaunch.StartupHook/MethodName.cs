using System;
using System.Reflection;

namespace Telelaunch.StartupHook;

/// <summary>What a method is called in the source, where the compiler has made types and methods of its own for it.</summary>
internal static class MethodName
{
    internal static string Of(MethodBase method)
    {
        string name = method.Name;
        Type? type = method.DeclaringType;
        // <Outer>d__3.MoveNext: the body of an async method or an iterator. <Outer>b__0_1: a lambda; <Outer>g__Inner|0_1: a local function.
        while (type is { IsNested: true } && type.Name.StartsWith("<", StringComparison.Ordinal))
        {
            if (name == "MoveNext" && Between(type.Name) is { Length: > 0 } outer)
                name = type.Name.StartsWith("<<", StringComparison.Ordinal) ? Source(type.Name.Substring(1)) : outer;
            type = type.DeclaringType;
        }

        name = Source(name);
        return type is null ? name : $"{type.FullName?.Replace('+', '.')}.{name}";
    }

    private static string Source(string name)
    {
        if (Between(name) is not { } outer)
            return name;
        int local = name.IndexOf(">g__", StringComparison.Ordinal);
        int end = name.IndexOf('|');
        if (local > 0 && end > local)
            return name.Substring(local + 4, end - local - 4);
        return outer == "Main" || outer.Length > 0 ? Main(outer) : name;
    }

    // Top-level statements are <Main>$.
    private static string Main(string outer) => outer == "Main" ? "Main" : outer;

    private static string? Between(string name)
    {
        int end = name.IndexOf('>');
        return name.StartsWith("<", StringComparison.Ordinal) && end > 0 ? name.Substring(1, end - 1) : null;
    }
}
