/** The requests of the core protocol by opcode, from 1; `undefined` where there is none. @see X.h, Xproto.h. */
const names =
  `CreateWindow ChangeWindowAttributes GetWindowAttributes DestroyWindow DestroySubwindows ChangeSaveSet ReparentWindow MapWindow
  MapSubwindows UnmapWindow UnmapSubwindows ConfigureWindow CirculateWindow GetGeometry QueryTree InternAtom GetAtomName
  ChangeProperty DeleteProperty GetProperty ListProperties SetSelectionOwner GetSelectionOwner ConvertSelection SendEvent
  GrabPointer UngrabPointer GrabButton UngrabButton ChangeActivePointerGrab GrabKeyboard UngrabKeyboard GrabKey UngrabKey
  AllowEvents GrabServer UngrabServer QueryPointer GetMotionEvents TranslateCoordinates WarpPointer SetInputFocus GetInputFocus
  QueryKeymap OpenFont CloseFont QueryFont QueryTextExtents ListFonts ListFontsWithInfo SetFontPath GetFontPath CreatePixmap
  FreePixmap CreateGC ChangeGC CopyGC SetDashes SetClipRectangles FreeGC ClearArea CopyArea CopyPlane PolyPoint PolyLine
  PolySegment PolyRectangle PolyArc FillPoly PolyFillRectangle PolyFillArc PutImage GetImage PolyText8 PolyText16 ImageText8
  ImageText16 CreateColormap FreeColormap CopyColormapAndFree InstallColormap UninstallColormap ListInstalledColormaps AllocColor
  AllocNamedColor AllocColorCells AllocColorPlanes FreeColors StoreColors StoreNamedColor QueryColors LookupColor CreateCursor
  CreateGlyphCursor FreeCursor RecolorCursor QueryBestSize QueryExtension ListExtensions ChangeKeyboardMapping GetKeyboardMapping
  ChangeKeyboardControl GetKeyboardControl Bell ChangePointerControl GetPointerControl SetScreenSaver GetScreenSaver ChangeHosts
  ListHosts SetAccessControl SetCloseDownMode KillClient RotateProperties ForceScreenSaver SetPointerMapping GetPointerMapping
  SetModifierMapping GetModifierMapping`.split(/\s+/);

/** The opcodes of requests that are answered by a reply. */
const answered = new Set(
  `GetWindowAttributes GetGeometry QueryTree InternAtom GetAtomName GetProperty ListProperties GetSelectionOwner GrabPointer
  GrabKeyboard QueryPointer GetMotionEvents TranslateCoordinates GetInputFocus QueryKeymap QueryFont QueryTextExtents ListFonts
  ListFontsWithInfo GetFontPath GetImage ListInstalledColormaps AllocColor AllocNamedColor AllocColorCells AllocColorPlanes
  QueryColors LookupColor QueryBestSize QueryExtension ListExtensions GetKeyboardMapping GetKeyboardControl GetPointerControl
  GetScreenSaver ListHosts SetPointerMapping GetPointerMapping SetModifierMapping GetModifierMapping`
    .split(/\s+/)
    .map((name) => names.indexOf(name) + 1),
);

/** The name of a request of the core protocol; `request 140` for those of extensions and unknown ones. */
export function xRequestName(opcode: number): string {
  return opcode === 127 ? "NoOperation" : (names[opcode - 1] ?? `request ${opcode}`);
}

/** Whether a request of the core protocol is answered by a reply (others only by an error, if they fail). */
export function hasXReply(opcode: number): boolean {
  return answered.has(opcode);
}
